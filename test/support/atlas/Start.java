import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.HashMap;

/**
 * Starts Atlas 2.1 on a Java that is newer than it. While Atlas registers its graph stores it clears the field "modifiers" of java.lang.reflect.Field,
 * which Java hides from reflection since 12. What is hidden stands in a map of jdk.internal.reflect.Reflection; an empty map hides nothing.
 */
public final class Start {
    private Start() {}

    public static void main(String[] args) throws Exception {
        Method fields = Class.class.getDeclaredMethod("getDeclaredFields0", boolean.class);
        fields.setAccessible(true);
        Class<?> reflection = Class.forName("jdk.internal.reflect.Reflection");
        for (Field field : (Field[]) fields.invoke(reflection, false)) {
            if (!field.getName().equals("fieldFilterMap")) continue;
            field.setAccessible(true);
            field.set(null, new HashMap<>());
        }
        Class<?> atlas = Class.forName("org.apache.atlas.Atlas");
        atlas.getMethod("main", String[].class).invoke(null, (Object) args);
    }
}
